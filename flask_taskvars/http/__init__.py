"""What the RFCs say: preconditions, ranges, headers, forms, and the answers made of them."""
