import { executeChild, proxyActivities } from '@temporalio/workflow';
import { BANK, CURRENCY, TASK_QUEUE } from './contract';
import type { Booking, Exchange, Money, Outcome, Party, Payment, Receipt } from './contract';

const startToCloseTimeout = '30 seconds';

const { ScreenParty } = proxyActivities<{ ScreenParty(party: Party): Promise<string> }>({
  taskQueue: 'payments-java',
  startToCloseTimeout,
});
const { QuoteRate } = proxyActivities<{ QuoteRate(exchange: Exchange): Promise<Money> }>({
  taskQueue: 'payments-go',
  startToCloseTimeout,
});
const { book_payment } = proxyActivities<{ book_payment(entry: Booking): Promise<string> }>({
  taskQueue: 'payments-python',
  startToCloseTimeout,
});
const { sendReceipt } = proxyActivities<{ sendReceipt(receipt: Receipt): Promise<string> }>({
  taskQueue: TASK_QUEUE,
  startToCloseTimeout,
});

/**
 * Takes a payment into this bank and passes it on along its route.
 * It is booked here only when the bank after this one has it.
 */
export async function ForwardPayment(payment: Payment): Promise<Outcome> {
  const clearance = await ScreenParty({ bank: BANK, name: payment.payee });
  const { amount, currency } = await QuoteRate({
    amount: payment.amount,
    currency: payment.currency,
    into: CURRENCY,
  });
  const arrived = await passOn(payment, { amount, currency });
  const booking = await book_payment({ key: `${payment.id}/${BANK}`, amount, currency });
  const receipt = await sendReceipt({ payment: payment.id, bank: BANK, amount, currency });
  return { ...arrived, hops: [{ bank: BANK, clearance, booking, receipt }, ...arrived.hops] };
}

async function passOn(payment: Payment, money: Money): Promise<Outcome> {
  const [next, ...route] = payment.route;
  if (next === undefined) {
    return { ...money, hops: [] };
  }
  return await executeChild<(payment: Payment) => Promise<Outcome>>('ForwardPayment', {
    workflowId: `${payment.id}/${next}`,
    taskQueue: `payments-${next}`,
    args: [{ ...payment, ...money, route }],
  });
}
