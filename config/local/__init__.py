"""PostgreSQL and Valkey inside a checkout, and the supervisor that runs them with the product's processes.

Nothing here imports Django: these modules run before there are settings to read.
"""
