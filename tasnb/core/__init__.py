"""What every other room stands on: frozen values and protocols, masks, images, and what ships with the library."""
