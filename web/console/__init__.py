"""The console: the pages that people use in a browser, in the process of `dialler serve`.

application    builds the app of the console and mounts it at /console
console        what every screen is given: database, clocks, services, the live hub
rights         the one declaration of who may do what; routes read it
guard          who asks, whether a route lets them, protection against forged requests
routing        a screen's router: no route without a right
pages          renders templates for one visitor
formats        numbers, moments, durations and phone numbers as people read them
i18n           the catalogues of translated strings
foreign_texts  what the dialler says in English, translated where it is shown
figures        the counts of campaigns, shared by all pages
cards          a campaign as lists and headers show it
words          states and other words of the product, for people
ownership      whose campaigns are whose
accounts/      users, sessions, one-time links, passwords
audit/         the audit log: append-only, chained by hashes
live/          what changes while it is watched: one hub a process, one stream a browser
screens/       one folder a screen: routes, view model and templates together

Beside the modules: layout/ (the frame of every page), static/ (own and vendored browser files), locale/ (translations).
"""
