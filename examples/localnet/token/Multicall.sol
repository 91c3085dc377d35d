// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// The one call of Multicall3 that the official facilitator makes: when a payment would fail on chain, it asks
/// the token several questions at once to find the reason. Without this contract every failure would read
/// `transaction_simulation_failed`.
contract Multicall {
    struct Call {
        address target;
        bytes callData;
    }

    struct Result {
        bool success;
        bytes returnData;
    }

    function tryAggregate(bool requireSuccess, Call[] calldata calls) external payable returns (Result[] memory results) {
        results = new Result[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            (bool success, bytes memory data) = calls[i].target.call(calls[i].callData);
            require(success || !requireSuccess, "Multicall3: call failed");
            results[i] = Result(success, data);
        }
    }
}
