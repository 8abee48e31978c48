package main

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

const activityTimeout = 30 * time.Second

// What a euro is worth, in ten-thousandths.
var rates = map[string]int64{"EUR": 10_000, "NOK": 117_500, "GBP": 8_600, "USD": 10_900}

// QuoteRate is this house's service to the others: an amount in another currency.
func QuoteRate(_ context.Context, asked Exchange) (Money, error) {
	from, into := rates[asked.Currency], rates[asked.Into]
	if from == 0 || into == 0 {
		why := fmt.Sprintf("no rate from %q into %q", asked.Currency, asked.Into)
		return Money{}, temporal.NewNonRetryableApplicationError(why, "NoRate", nil)
	}
	return Money{Amount: (asked.Amount*into + from/2) / from, Currency: asked.Into}, nil
}

// ForwardPayment takes a payment into this bank and passes it on along its route.
// It is booked here only when the bank after this one has it.
func ForwardPayment(ctx workflow.Context, payment Payment) (Outcome, error) {
	var clearance string
	party := Party{Bank: bank, Name: payment.Payee}
	if err := ask(ctx, "payments-java", "ScreenParty", party, &clearance); err != nil {
		return Outcome{}, err
	}
	var money Money
	exchange := Exchange{Amount: payment.Amount, Currency: payment.Currency, Into: currency}
	if err := ask(ctx, taskQueue, "QuoteRate", exchange, &money); err != nil {
		return Outcome{}, err
	}
	arrived, err := passOn(ctx, payment, money)
	if err != nil {
		return Outcome{}, err
	}
	var booking string
	entry := Booking{Key: payment.ID + "/" + bank, Amount: money.Amount, Currency: money.Currency}
	if err := ask(ctx, "payments-python", "book_payment", entry, &booking); err != nil {
		return Outcome{}, err
	}
	var sent string
	receipt := Receipt{Payment: payment.ID, Bank: bank, Amount: money.Amount, Currency: money.Currency}
	if err := ask(ctx, "payments-typescript", "sendReceipt", receipt, &sent); err != nil {
		return Outcome{}, err
	}
	hop := Hop{Bank: bank, Clearance: clearance, Booking: booking, Receipt: sent}
	arrived.Hops = append([]Hop{hop}, arrived.Hops...)
	return arrived, nil
}

func passOn(ctx workflow.Context, payment Payment, money Money) (Outcome, error) {
	if len(payment.Route) == 0 {
		return Outcome{Amount: money.Amount, Currency: money.Currency}, nil
	}
	next := payment.Route[0]
	onward := payment
	onward.Amount, onward.Currency, onward.Route = money.Amount, money.Currency, payment.Route[1:]
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: payment.ID + "/" + next,
		TaskQueue:  "payments-" + next,
	})
	var arrived Outcome
	err := workflow.ExecuteChildWorkflow(ctx, "ForwardPayment", onward).Get(ctx, &arrived)
	return arrived, err
}

func ask(ctx workflow.Context, queue, activity string, question, answer any) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           queue,
		StartToCloseTimeout: activityTimeout,
	})
	return workflow.ExecuteActivity(ctx, activity, question).Get(ctx, answer)
}
