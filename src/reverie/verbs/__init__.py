"""One use case per file: a job and a folder in, a result out."""
