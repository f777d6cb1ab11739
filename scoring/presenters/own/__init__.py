"""A firm's own pages of analysis: where it stands, what it lacks, what would help, and the paper that says so."""
