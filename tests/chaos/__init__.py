"""What happens when any part dies at any point: a model, the map of crash points, and both on real parts."""
