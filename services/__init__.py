"""The hand-written code of Coalition; `coalition.*` is the contract generated from proto/."""
