package payments;

import io.temporal.failure.ApplicationFailure;
import java.util.Map;
import java.util.Set;
import payments.Contract.Party;

/** Each bank has a list of its own, as each country has. */
final class ScreeningByLists implements Screening {
  private static final Map<String, Set<String>> SANCTIONED =
      Map.of("python", Set.of("Frost Trading"), "go", Set.of("Harbour Holdings"));

  @Override
  public String screenParty(Party party) {
    if (SANCTIONED.getOrDefault(party.bank(), Set.of()).contains(party.name())) {
      var why = party.name() + " is on the list of " + party.bank();
      throw ApplicationFailure.newNonRetryableFailure(why, "Sanctioned");
    }
    return "cleared by " + party.bank() + ": " + party.name();
  }
}
