"""The page `/docs`: the API in a browser, from files of our own, so that it works without the Internet.

`add_docs_page` puts it into an app. The folder `static` has Swagger UI as its makers publish it, unchanged;
`static/manifest.json` says which version, under which licence, and the hash of the package and of each file. To take
another version, unpack the npm package `swagger-ui-dist`, copy the files that the manifest lists, and write the manifest
anew; a test holds the files against it. `page.html` and `page.js` are ours.

page   the routes, and the headers that keep the page from loading anything from elsewhere
"""

from core.api.docs_page.page import add_docs_page

__all__ = ["add_docs_page"]
