"""The window: what operators open every day. Qt, and nothing else knows Qt."""
