"""HTTP: the edge that every request passes, and one router for each resource."""
