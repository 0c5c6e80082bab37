"""Cascaded motion networks (CaMN; Liu et al. 2022): body first, then hands."""
