"""An order, from the payment to the customer's door.

    paying ──▶ waiting for approval (above the limit) ──▶ shipping ──▶ delivered
                  │ refused, or nobody decided in time        │ the carrier refused: failed
                  ▼                                           ▼
               refused: paid back                          paid back

model       the order, a person's decision, the status
forms       what the update takes, as JSON Schema: a console draws its form from it
workflow    the program: payment, approval, shipping
shipping    the child: books the carrier and follows the parcel, on its depot's own task queue
"""
