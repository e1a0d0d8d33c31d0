"""From a blank ESP32 to a product: boards, factory images, identities, and the station that writes them."""
