"""Hosting: models, endpoints, and the containers behind them."""
