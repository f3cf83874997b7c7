"""Sets of images with exact factors, one file each; the file's name is the word after `reverie data make`."""
