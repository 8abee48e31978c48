package payments;

import io.temporal.activity.ActivityOptions;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import payments.Contract.Booking;
import payments.Contract.Exchange;
import payments.Contract.Hop;
import payments.Contract.Money;
import payments.Contract.Outcome;
import payments.Contract.Party;
import payments.Contract.Payment;
import payments.Contract.Receipt;

/** A payment is booked here only when the bank after this one has it. */
public final class ForwardPaymentHere implements ForwardPayment {
  private static final Duration ACTIVITY_TIMEOUT = Duration.ofSeconds(30);

  @Override
  public Outcome forward(Payment payment) {
    var party = new Party(Contract.BANK, payment.payee());
    var clearance = ask(Contract.TASK_QUEUE, "ScreenParty", String.class, party);
    var exchange = new Exchange(payment.amount(), payment.currency(), Contract.CURRENCY);
    var money = ask("payments-go", "QuoteRate", Money.class, exchange);
    var arrived = passOn(payment, money);
    var entry =
        new Booking(payment.id() + "/" + Contract.BANK, money.amount(), money.currency());
    var booking = ask("payments-python", "book_payment", String.class, entry);
    var receipt = new Receipt(payment.id(), Contract.BANK, money.amount(), money.currency());
    var sent = ask("payments-typescript", "sendReceipt", String.class, receipt);

    var hops = new ArrayList<>(List.of(new Hop(Contract.BANK, clearance, booking, sent)));
    hops.addAll(arrived.hops());
    return new Outcome(arrived.amount(), arrived.currency(), hops);
  }

  private static Outcome passOn(Payment payment, Money money) {
    var route = payment.route();
    if (route.isEmpty()) {
      return new Outcome(money.amount(), money.currency(), List.of());
    }
    var next = route.get(0);
    var options =
        ChildWorkflowOptions.newBuilder()
            .setWorkflowId(payment.id() + "/" + next)
            .setTaskQueue("payments-" + next)
            .build();
    var onward =
        new Payment(
            payment.id(),
            payment.payee(),
            money.amount(),
            money.currency(),
            List.copyOf(route.subList(1, route.size())));
    return Workflow.newUntypedChildWorkflowStub("ForwardPayment", options)
        .execute(Outcome.class, onward);
  }

  private static <T> T ask(String queue, String activity, Class<T> answer, Object question) {
    var options =
        ActivityOptions.newBuilder()
            .setTaskQueue(queue)
            .setStartToCloseTimeout(ACTIVITY_TIMEOUT)
            .build();
    return Workflow.newUntypedActivityStub(options).execute(activity, answer, question);
  }
}
