"""Alibaba Cloud: its bills."""
