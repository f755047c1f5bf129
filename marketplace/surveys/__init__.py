"""Surveys: what people are asked before an event or once a year, and what they answered."""
