"""Episodes on disk, and the batches cut from them."""
