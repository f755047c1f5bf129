"""People: who they are, how they sign in, the tokens they act with."""
