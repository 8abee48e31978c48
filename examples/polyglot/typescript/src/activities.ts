import type { Receipt } from './contract';

/** This house's service to the others: what the payer is told. */
export async function sendReceipt(receipt: Receipt): Promise<string> {
  const amount = (receipt.amount / 100).toFixed(2);
  return `${receipt.payment}: ${receipt.bank} passed on ${amount} ${receipt.currency}`;
}
