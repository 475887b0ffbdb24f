"""Models, their queues, guidelines and incidents."""
