"""From a Netflix export to tables and encodings on the private volume."""
