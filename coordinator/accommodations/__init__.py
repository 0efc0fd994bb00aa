"""What is agreed with one candidate for one exam."""
