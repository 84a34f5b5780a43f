"""Replicas of the service under a day's traffic: how the autoscaler follows it."""
