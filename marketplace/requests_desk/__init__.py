"""The requests desk: what companies ask of authorities and parks, who answers it by when."""
