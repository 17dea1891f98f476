"""What a subscriber keeps beside its inbox: pauses, replays, and events that could not be handled yet."""
