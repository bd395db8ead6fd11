"""Gets exports from the participant: here from the drop folder, later also with a browser."""
