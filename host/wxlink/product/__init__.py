"""Product files: what a product can do, in wxlink's TOML and in the JSON that Gizwits publishes."""
