"""Keys whose destruction erases what was sealed under them."""
