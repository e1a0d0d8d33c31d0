"""Figures of wxlink, each beside a named peer or limit that was measured in the same run."""
