"""What Faultline shows a person, in a real browser with the network cut."""
