"""`wxlink frame`: frames of the serial link taken apart, and made from names and fields."""
