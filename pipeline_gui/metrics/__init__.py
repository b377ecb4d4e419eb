"""What runs come to, for people and programs: answers and words that the faces share."""
