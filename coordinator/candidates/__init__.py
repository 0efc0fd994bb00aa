"""The people who are examined, as their institution names them."""
