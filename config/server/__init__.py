"""The web server: waitress's buffering of requests and answers, in gunicorn's worker processes.

One thread reads all requests and writes all answers. The application's threads get a request once it is complete, and
are free again once its answer is buffered, so a slow client costs memory and disk, but no thread.
"""
