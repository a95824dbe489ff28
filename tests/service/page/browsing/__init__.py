"""What the tests of the page need to browse: a film, a service, and a page that is watched."""
