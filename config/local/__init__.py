"""What `run.sh` starts: embedded PostgreSQL and Valkey, the product's own processes, and their supervisor.

Nothing here imports Django: these modules run before there are settings to read.
"""
