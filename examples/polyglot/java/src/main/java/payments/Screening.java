package payments;

import io.temporal.activity.ActivityInterface;
import payments.Contract.Party;

/** This house's service to the others; the activity is called ScreenParty. */
@ActivityInterface
public interface Screening {
  /**
   * @return the clearance; a party that is on the bank's list is a failure of type Sanctioned,
   *     which no retry mends.
   */
  String screenParty(Party party);
}
