package payments;

import java.util.List;

/**
 * What goes from house to house, as in ../contract.json. Amounts are in the smallest unit of their
 * currency, so no language has to reckon with fractions.
 */
final class Contract {
  static final String BANK = "java";
  static final String CURRENCY = "EUR";
  static final String TASK_QUEUE = "payments-java";

  record Payment(String id, String payee, long amount, String currency, List<String> route) {}

  record Party(String bank, String name) {}

  record Exchange(long amount, String currency, String into) {}

  record Money(long amount, String currency) {}

  record Booking(String key, long amount, String currency) {}

  record Receipt(String payment, String bank, long amount, String currency) {}

  record Hop(String bank, String clearance, String booking, String receipt) {}

  record Outcome(long amount, String currency, List<Hop> hops) {}

  private Contract() {}
}
