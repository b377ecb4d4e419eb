"""What `make package` makes of the bundle: licences and a list of its contents, an archive, and a Debian package."""
