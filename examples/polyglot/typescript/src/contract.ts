// What goes from house to house, as in ../contract.json. Amounts are in the
// smallest unit of their currency, so no language has to reckon with fractions.

export const BANK = 'typescript';
export const CURRENCY = 'USD';
export const TASK_QUEUE = 'payments-typescript';

export interface Payment {
  id: string;
  payee: string;
  amount: number;
  currency: string;
  route: string[];
}

export interface Party {
  bank: string;
  name: string;
}

export interface Exchange {
  amount: number;
  currency: string;
  into: string;
}

export interface Money {
  amount: number;
  currency: string;
}

export interface Booking {
  key: string;
  amount: number;
  currency: string;
}

export interface Receipt {
  payment: string;
  bank: string;
  amount: number;
  currency: string;
}

export interface Hop {
  bank: string;
  clearance: string;
  booking: string;
  receipt: string;
}

export interface Outcome {
  amount: number;
  currency: string;
  hops: Hop[];
}
