"""The static page with a round's statistics: one file, inline SVG, no script, nothing loaded from elsewhere."""
