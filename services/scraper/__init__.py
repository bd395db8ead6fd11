"""Takes exports from the drop folder, and fetches them with a browser if asked to."""
