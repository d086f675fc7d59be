"""What the bot costs and how fast it is, measured: `python -m benchmarks`. Prints Markdown."""
