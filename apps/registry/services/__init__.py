"""What is registered: models, their queues, guidelines and incidents."""
