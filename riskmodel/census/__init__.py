"""What the census holds: hazard maps, exposure, zones and the declared terrain proxies."""
