"""Activities that more than one example uses, one module per provider.

options    how long an activity may take and how it is retried
payments   charge a card, give money back, call a charge off
mail       send an e-mail
bank       withdraw, deposit, give back, call a movement off
carrier    book a consignment
books      keep old ledger entries

Each module has the requests, the activities, and below them the stubs that workflows call.
"""
